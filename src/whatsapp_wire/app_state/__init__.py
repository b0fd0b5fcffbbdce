"""App state: what an account's devices agree on besides messages (chats archived or muted, stars, names of contacts).

It lies with the server in five collections that it cannot read, each a list of patches; a hash over all that is in
force proves to a device that nothing was kept from it. Facts: whatsmeow `appstate`, Baileys `chat-utils`. No I/O.
"""
