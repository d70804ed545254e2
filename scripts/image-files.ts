/** What names the container's image with its version, `weir:0.1.0`: a release raises it there too. */
export const IMAGE_FILES = ["deploy/kubernetes/weir.yaml", "deploy/kubernetes/README.md"];
