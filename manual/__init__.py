"""The parts of docs/ that are made from the code, and real output in its pages.

`python -m manual` writes what is made from the code: commands and findings.
`python -m manual --run PAGE...` runs the console blocks of pages and writes what they print.
`python -m manual --picture` rehearses the demo, and draws how that ends.
"""
