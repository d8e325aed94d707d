"""Stand-ins for model providers: a loopback server that answers from a script or a recording.

A rehearsal (`magi ask --rehearsal`), the demonstration and the tests talk to it instead of a provider.
It speaks the OpenAI chat-completions protocol over real sockets, misbehaves on demand, and marks every
response with the header ``magi-standin``, so that nothing it says can pass for a model's answer.

Imports nothing else of magi. Start with `server.StandIn`; `script` holds what it can do, `rehearsal` a
script that answers any question, `cassette` the recordings.
"""
