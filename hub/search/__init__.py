"""Search: two engines behind one contract, and one planner that orders their candidates and says why.

`engine` is the contract, `embedded` and `meili` keep it, `planner` is what callers talk to. Nothing here knows
the database or the web: documents come in as `documents.Document`, answers go out as `answers.Answer`.
"""
