from setuptools import setup
setup(
    name="llmcc",
    version="0.2.0",
    install_requires=["left==0.1.0"],  # version="0.1.0",
)
