"""Would a rule's test notice if the rule were wrong? Change one thing in a function's body, and run its tests.

    python -m tests.mutants --sample 200 --minutes 30

To pytest, each mutant is a test: it is put into the databases of the session, whose connections see it at once, and the
tests that touch its function run in the same process until one fails.
"""
