"""What `deploy/` has, as an operator uses it: the image, the chart on a real Kubernetes, the compose file."""
