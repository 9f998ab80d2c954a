#!/usr/bin/env python3
"""Makes kubernetes.json: the part of Kubernetes' OpenAPI v3 documents that merging needs.

usage: extract.py DIR > kubernetes.json   (DIR = api/openapi-spec/v3 of k8s.io/kubernetes)

The documents of a release are 4 MB, most of it prose. Kept are the types that the kinds below reach,
without descriptions, and of the paths only the PATCH operations' media types.
"""
import json
import pathlib
import sys

KINDS = {
    "api__v1_openapi.json": ["Pod", "Service", "ConfigMap", "Secret", "Namespace", "ServiceAccount",
                             "PersistentVolumeClaim"],
    "apis__apps__v1_openapi.json": ["Deployment", "StatefulSet", "DaemonSet"],
    "apis__batch__v1_openapi.json": ["Job", "CronJob"],
    "apis__policy__v1_openapi.json": ["PodDisruptionBudget"],
    "apis__networking.k8s.io__v1_openapi.json": ["Ingress", "NetworkPolicy"],
    "apis__autoscaling__v2_openapi.json": ["HorizontalPodAutoscaler"],
    "apis__rbac.authorization.k8s.io__v1_openapi.json": ["ClusterRole"],
}
KEPT = {"properties", "items", "allOf", "$ref", "type", "format", "additionalProperties", "default"}


def strip(node):
    """Drops what is not KEPT and not an extension; names of properties are no keywords."""
    if not isinstance(node, dict):
        return node
    out = {}
    for key, value in node.items():
        if key == "properties":
            out[key] = {name: strip(child) for name, child in value.items()}
        elif key == "allOf":
            out[key] = [strip(child) for child in value]
        elif key in ("items", "additionalProperties"):
            out[key] = strip(value)
        elif key in KEPT or key.startswith("x-kubernetes-"):
            out[key] = value
    return out


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value.rsplit("/", 1)[1]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def patch_paths(paths, kinds):
    for path, item in paths.items():
        patch = item.get("patch")
        gvk = (patch or {}).get("x-kubernetes-group-version-kind", {})
        if gvk.get("kind") not in kinds or path.endswith(("/status", "/scale")):
            continue
        content = {media: {} for media in patch["requestBody"]["content"]}
        yield path, {"patch": {"requestBody": {"content": content},
                               "x-kubernetes-group-version-kind": gvk}}


def main():
    source = pathlib.Path(sys.argv[1])
    schemas, paths = {}, {}
    for name, kinds in KINDS.items():
        document = json.loads((source / name).read_text())
        components = document["components"]["schemas"]
        todo = [key for key, node in components.items()
                if any(gvk["kind"] in kinds for gvk in node.get("x-kubernetes-group-version-kind", [])
                       if len(node["x-kubernetes-group-version-kind"]) == 1)]
        while todo:
            key = todo.pop()
            if key in schemas:
                continue
            schemas[key] = strip(components[key])
            todo.extend(references(schemas[key]))
        paths.update(patch_paths(document["paths"], kinds))
    json.dump({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "1.36.3"},
               "paths": paths, "components": {"schemas": schemas}},
              sys.stdout, indent=0, sort_keys=True, separators=(",", ":"))
    sys.stdout.write("\n")


main()
