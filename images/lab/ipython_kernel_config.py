"""Settings of a lab's kernels, read by IPython from <environment>/etc/ipython."""

c = get_config()  # noqa: F821 (IPython provides it)

# What is run is what `check` submits.
c.InteractiveShellApp.extensions.append("courseware.lab.record")
