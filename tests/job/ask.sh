#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a registry has: tags, page by page, and manifests as they stand; all tags of a repository pulled.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
need docker-registry skopeo htpasswd
. "$(dirname "$0")/lib.sh"
berth() { "$builddir/berth" --root "$store" --run-root "$run" "$@"; }

htpasswd -Bbn user secret >"$T/htpasswd" 2>/dev/null
start_registry open </dev/null || skip_all 'docker-registry does not start'
open=127.0.0.1:$PORT
start_registry basic <<E2
auth:
  htpasswd: { realm: test, path: $T/htpasswd }
E2
basic=127.0.0.1:$PORT
digest=$("$srcdir/tests/lib/oci_image.py" "$T/image" --layers 1 --size 100)
index=$("$srcdir/tests/lib/oci_image.py" "$T/multi" --platforms linux/amd64,linux/arm64 --size 100)
for tag in one two v3.0; do
	skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$T/image:latest" "docker://$open/a/b:$tag"
done
push "$T/multi" "$open/multi"

is "$(berth tags "$open/a/b" -q | sort | tr '\n' ' ')" 'one two v3.0 ' 'tags'
is "$(berth tags "$open/a/b" --format json | tr -d ' \t\n')" '[{"tag":"one"},{"tag":"v3.0"},{"tag":"two"}]' 'as JSON'
check_fails 'of a repository that is not there' 1 berth tags "$open/none"
like "$(cat "$T/.check")" "error: $open has no repository 'none'" 'which is told'
check_fails 'of a name with a tag' 2 berth tags "$open/a/b:one"
check_fails 'without a login' 1 berth tags "$basic/a/b"
is "$(berth tags -q --creds user:secret "$basic/a/b" | wc -l)" 3 'with one'

is "$(berth manifest inspect --raw "$open/multi" | sha256sum | cut -d' ' -f1)" "${index#sha256:}" 'manifest inspect --raw: the very bytes'
is "$(berth manifest inspect "$open/multi@$index" | grep -c '"architecture"')" 2 'by digest, for people'
is "$(berth manifest inspect --raw "$open/a/b:two" | sha256sum | cut -d' ' -f1)" "${digest#sha256:}" 'of an image'
check_fails 'of what is not there' 1 berth manifest inspect "$open/a/b:nosuch"
[ -z "$(find "$store/content/blobs" -type f 2>/dev/null)" ]
ok $? 'nothing is kept of it'

is "$(berth pull -q --unpack=false --all-tags "$open/a/b")" "$digest"$'\n'"$digest"$'\n'"$digest" 'pull --all-tags'
is "$(berth images --format tag | sort | tr '\n' ' ')" 'one two v3.0 ' 'has them all'
check_fails 'not of one tag' 2 berth pull --all-tags "$open/a/b:one"

# --- many tags, and lists without an end
start_python main faulty_registry.py "$T/image"
main=127.0.0.1:$PORT
faults() { curl -s -d "$1" "http://$main/_faults"; }
/usr/bin/python3 - "$main" <<'PY'
import json, sys, urllib.request as u
rules = [{"match": "n=1000", "fault": "status", "code": 200, "link": "</v2/x/tags/list?last=1>; rel=\"next\"",
          "body": json.dumps({"tags": [f"t{i:04}" for i in range(1500)]})},
         {"match": "last=1$", "fault": "status", "code": 200,
          "link": f"<http://{sys.argv[1]}/v2/x/tags/list?last=2>; rel=\"next\"", "body": json.dumps({"tags": None})},
         {"match": "last=2$", "fault": "status", "code": 200,
          "body": json.dumps({"tags": ["last", "not a tag", 7, "\u001b[31mred"]})}]
u.build_opener(u.ProxyHandler({})).open(u.Request(f"http://{sys.argv[1]}/_faults", json.dumps(rules).encode()))
PY
is "$(berth tags -q "$main/x" | sed -n '1p;$p' | tr '\n' ' ')$(berth tags -q "$main/x" | wc -l)" 't0000 last 1501' 'three pages; what is no tag is left out'
faults '[{"match":"tags","fault":"status","code":200,"link":"</v2/x/tags/list?again>; rel=\"next\"","body":"{\"tags\":[\"a\"]}"}]'
check_fails 'a list that leads to itself' 1 berth tags "$main/x"
like "$(cat "$T/.check")" 'has no end' 'ends'
faults '[{"match":"tags","fault":"status","code":200,"body":"[1"}]'
check_fails 'a list that is none' 1 berth tags "$main/x"
faults '[{"match":"manifests","fault":"status","code":200,"body":"{\"schemaVersion\":1,\"fsLayers\":[]}"}]'
check_fails 'the old schema' 1 berth manifest inspect "$main/x"
like "$(cat "$T/.check")" 'schema 1, which is not supported' 'is refused by name'

# --- artifacts
/usr/bin/python3 - "$T/image" >"$T/artifact.json" <<'PY'
import json, sys
print(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                  "artifactType": "application/vnd.example.sbom", "layers": [],
                  "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                             "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}}))
PY
faults "[{\"match\":\"manifests\",\"fault\":\"status\",\"code\":200,\"body\":$(/usr/bin/python3 -c 'import json,sys; print(json.dumps(open(sys.argv[1]).read()))' "$T/artifact.json")}]"
is "$(berth manifest inspect --raw "$main/x")" "$(cat "$T/artifact.json")" 'an artifact is shown'
check_fails 'and not pulled as an image' 1 berth pull "$main/x"
like "$(cat "$T/.check")" 'application/vnd.example.sbom' 'which names what it is'
is "$(find "$run/jobs" -mindepth 1 2>/dev/null)" '' 'no job is left'
done_testing
