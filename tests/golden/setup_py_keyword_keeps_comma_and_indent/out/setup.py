from setuptools import setup
# version="0.1.0",
setup(name="llmcc", version="0.2.0", install_requires=["left==0.1.0"])
