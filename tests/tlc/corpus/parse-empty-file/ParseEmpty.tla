
just words
