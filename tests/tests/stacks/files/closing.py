"""A server that accepts every connection and closes it."""
import socket

listener = socket.create_server(("0.0.0.0", 443))
while True:
    listener.accept()[0].close()
