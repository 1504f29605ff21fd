"""The walls around a kernel, each in its own file; `sandbox` decides which stand and in what order.

All are plain Linux system calls through ctypes: no library, no helper program, no privilege beyond
what the caller has. Each function does one thing to the calling process and raises OSError with the
call's name when the kernel refuses.
"""
