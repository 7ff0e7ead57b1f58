"""HTTP/1.1 once: messages, codings, a parser, loopback servers, the guarded client, raw connections, load."""
