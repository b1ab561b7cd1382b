from setuptools import setup

setup(
    name="llmcc",
    version="0.2.0",
    python_requires=">=3.8",
    packages=["llmcc"],
)
