"""Lists of the documents that are lists in the code, too: `make docs` writes them, and a test holds them together.

A list stands between two marks, `<!-- list: NAME -->` and `<!-- end of list -->`; everything around it is written by
people. What a thing does is said where the code knows it, and in `words.yml` where it does not: a thing without such
words, and words without such a thing, stop the writing.
"""
