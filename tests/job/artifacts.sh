#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is no image: kept as it is, pushed on, and found by what it belongs to, in registries that keep lists of that and
# in those that do not.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
need docker-registry skopeo curl
. "$(dirname "$0")/lib.sh"
berth() { "$builddir/berth" --root "$store" --run-root "$run" "$@"; }
artifact() { PYTHONDONTWRITEBYTECODE=1 "$srcdir/tests/lib/oci_artifact.py" "$@"; }
sbom=application/vnd.example.sbom
note=application/vnd.example.note

start_registry open </dev/null || skip_all 'docker-registry does not start'
open=127.0.0.1:$PORT
image=$("$srcdir/tests/lib/oci_image.py" "$T/image" --layers 1 --size 1000)
size=$(stat -c %s "$T/image/blobs/${image/://}")
first=$(artifact "$T/first" $sbom 'what is in it' "$image" "$size")
second=$(artifact "$T/second" $note 'remember the milk' "$image" "$size")
third=$(artifact "$T/third" $note 'and the bread' "$image" "$size")
for name in first second third; do # where they come from
	start_python "$name" faulty_registry.py "$T/$name"
	printf -v "from_$name" 127.0.0.1:%s "$PORT"
done
start_python list faulty_registry.py "$T/image"
list=127.0.0.1:$PORT
curl -s -d '[{"match":".","fault":"referrers"}]' "http://$list/_faults"
push "$T/image" "$open/app"

# --- kept
check_fails 'an artifact is not pulled as an image' 1 berth pull "$from_first/sbom"
like "$(cat "$T/.check")" "error: .*artifact of type '$sbom'" 'which names what it is'
like "$(cat "$T/.check")" 'hint: --unpack=false' 'and what can be done'
is "$(berth pull -q --unpack=false "$from_first/sbom")" "$first" 'but it is kept as it is'
is "$(berth images --format id,artifact_type,platform,layers)" "$first"$'\t'"$sbom"$'\t\t1' 'and listed'
like "$(berth images | tail -n 1)" 'artifact$' 'also in the table'
is "$(berth pull -q --unpack=false "$from_first/sbom")" "$first" 'again'
check 'the store is clean' good_store
check_fails 'it is not run' 125 berth run --rm "$from_first/sbom"
like "$(cat "$T/.check")" "artifact of type '$sbom'" 'for what it is'
for from in "$from_second" "$from_third"; do
	berth pull -q --unpack=false "$from/note" >/dev/null
done

# --- a registry without lists
is "$(berth manifest referrers "$open/app" --format json)" '[]' 'nothing belongs to the image yet'
check 'pushed, it does' berth push -q "$from_first/sbom" "$open/app:sbom"
is "$(berth manifest referrers "$open/app" --format digest,artifact_type)" "$first"$'\t'"$sbom" 'and is found'
berth push -q "$from_second/note" "$open/app:note" >/dev/null
curl -s -X DELETE "http://$open/v2/app/manifests/sbom" >/dev/null
is "$(berth manifest referrers -q "$open/app@$image" | sort)" "$(printf '%s\n' "$first" "$second" | sort)" 'with the next one, by digest'
check 'the tag is an index like others' skopeo inspect --raw --tls-verify=false "docker://$open/app:${image/:/-}"
is "$(berth manifest referrers "$open/app" --artifact-type $note --format '{{json .annotations}}')" \
	'{"org.opencontainers.image.title":"remember the milk"}' 'only those of a type'
berth push -q "$from_second/note" "$open/app:other" >/dev/null
is "$(berth manifest referrers -q "$open/app" | wc -l)" 2 'pushed again under another name: noted once'

# --- a registry that keeps them
for from in "$from_first/sbom" "$from_second/note" "$from_third/note"; do
	berth push -q "$from" "$list/app:${from##*/}" >/dev/null
done
is "$(berth manifest referrers -q "$list/app" | sort)" "$(printf '%s\n' "$first" "$second" "$third" | sort)" 'lists, page by page'
is "$(curl -s "http://$list/_log" | grep -o '"PUT", "path": "[^"]*sha256-' | wc -l)" 0 'are used in place of tags'
curl -s -d '[{"match":"referrers","fault":"status","code":200,"body":"{}"}]' "http://$list/_faults"
check_fails 'a list that is none' 1 berth manifest referrers "$list/app"
like "$(cat "$T/.check")" "error: the list of referrers of '$image' is none" 'is told'
curl -s -d '[{"match":"referrers","fault":"status","code":200,"link":"</v2/app/referrers/x>; rel=\"next\"","body":"{\"manifests\":[]}"}]' \
	"http://$list/_faults"
check_fails 'a list that leads to itself' 1 berth manifest referrers "$list/app"
like "$(cat "$T/.check")" 'has no end' 'ends'
check_fails 'of what is not there' 1 berth manifest referrers "$open/none"
check 'an artifact is removed' berth rmi "$from_first/sbom"
is "$(find "$store/content/blobs" -type f -name "${first#sha256:}")" '' 'with its blobs'
done_testing
