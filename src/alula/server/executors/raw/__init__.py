"""Raw containers: tasks of any language, whose inputs and outputs are files.

The inputs are written before the container begins, and the outputs are read when it has ended, so that nothing of Flyte
or Alula has to be in the image. On a machine the executor does both, in a pod Alula's copilot.
"""
