"""Search: from the library to documents, from a question to an answer that says why.

`engine` is the contract, `embedded` and `meili` keep it, `planner` orders for both: these know neither the database
nor the web. `projection` and `indexing` make the index equal to the library, `desk` is where a person asks, `log` what
becomes of it.
"""
