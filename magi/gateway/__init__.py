"""The only code that sends: tickets, the egress guard, the transport, the protocols, the attempt loop."""
