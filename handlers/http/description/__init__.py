"""The descriptions of both APIs, in OpenAPI 3.1, made from their tables; and a page on which to read one."""
