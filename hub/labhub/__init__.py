"""What turns a JupyterHub into the course's hub: accounts, labs, roles, proxy and site server."""
