"""What is said on WhatsApp Web, in the product's words and in the protocol's: one mapping for all its engines.

Plaintexts, files, and WhatsApp's words for privacy. How they are encrypted, and on which line they go, is the engines'
business.
"""
