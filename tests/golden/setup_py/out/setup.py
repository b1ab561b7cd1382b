from setuptools import setup

setup(
    name="hello",
    version="0.2.0",
    install_requires=["other==0.1.0"],
    extras={"version": "0.1.0"},
)
