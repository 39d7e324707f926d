"""Records to text and to JSON-able forms: pure, without files, clock or terminal.

`answers`, `passages`, `listings` and `evaluations` are for people, set by `look`;
`forms` and `figures` are for programs; `harmless` stands between text from
outside and the terminal.
"""
