#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""oci_artifact.py DIR TYPE TEXT [SUBJECT_DIGEST SUBJECT_SIZE]

Makes an OCI image layout with an artifact of that type, whose only blob is TEXT, under the tag "latest"; with a subject
it belongs to that manifest. Prints its digest.
"""
import json
import sys

from oci_image import MANIFEST, Layout

path, kind, text, *subject = sys.argv[1:]
layout = Layout(path)
manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind,
            "config": layout.add(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [layout.add(text.encode(), "text/plain")],
            "annotations": {"org.opencontainers.image.title": text}}
if subject:
    manifest["subject"] = {"mediaType": MANIFEST, "digest": subject[0], "size": int(subject[1])}
desc = layout.add_json(manifest, MANIFEST)
desc["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
with open(f"{path}/index.json", "w") as f:
    json.dump({"schemaVersion": 2, "manifests": [desc]}, f)
print(desc["digest"])
