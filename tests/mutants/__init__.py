"""Would a rule's test notice if the rule were wrong? Change one thing in a function's body, and run its tests.

    python -m tests.mutants --sample 200 --seed 47 --minutes 60

Each mutant is put into the databases of the tests, whose sessions see it at once; its tests run until one fails, those
first that failed at earlier mutants of the same function. A failure counts if the test passes again without the mutant.
"""
