"""What is said on WhatsApp Web, in the product's words and in the protocol's: one mapping for all its engines.

Plaintexts only. How they are encrypted, and on which line they go, is the engines' business.
"""
