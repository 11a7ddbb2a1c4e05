---- MODULE NonAsciiString ----
VARIABLE text
Init == text = "世界"
Next == text' = text
====
