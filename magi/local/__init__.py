"""Models on this machine from files that the operator names (the optional extra `local`).

`weights` knows a file by its digest, `serving` serves it on loopback through xllamacpp (MIT, llama.cpp inside).
Nothing is downloaded, no weights ship with the product, and nothing else imports the library. Leaves to others:
whether the model may see a text (its card, `magi.residency`) and asking it (`magi.gateway`): to them this is one
more OpenAI-compatible server.
"""
