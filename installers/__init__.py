"""Makes packages that a person can install out of what build/build.py made: python -m installers TARGET..."""
