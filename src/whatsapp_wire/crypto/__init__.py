"""Keys, signatures, key derivation and ciphers, on the primitives of cryptography, PyNaCl and the standard library."""
