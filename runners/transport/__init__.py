"""Transports carry opaque bytes between coordinator and sites; what they mean is decided above them."""
