#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The terminal UI in tmux with a registry that wants a login: the pull asks, goes on by itself, and no trace of the
# password is left; what came is a list of layers, and what was said is on the disk.
# timeout: 180
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/registry.sh"
. "$(dirname "$0")/../lib/wait.sh"
need docker-registry skopeo htpasswd
export BERTH_LIBEXEC=$builddir BERTH_KERNEL=$builddir/kernel/vmlinux XDG_STATE_HOME=$T/state
cleanup() { kill "${started_pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$T"; }
. "$(dirname "$0")/lib/tmux.sh"
berth() { "$builddir/berth" --root "$T/store" --run-root "$T/run" "$@"; }

htpasswd -Bbn user s3cret >"$T/htpasswd" 2>/dev/null
start_registry open </dev/null || skip_all 'docker-registry does not start'
"$srcdir/tests/lib/oci_image.py" "$T/image" --layers 3 --size 200000 >"$T/digest"
push "$T/image" "127.0.0.1:$PORT/shop"
start_registry basic <<E2
auth:
  htpasswd:
    realm: test
    path: $T/htpasswd
E2
registry=127.0.0.1:$PORT

terminal 80 24
keys "$builddir/berth --root $T/store --run-root $T/run; echo ended \$?" Enter
sees 'No containers yet.' 'the first screen'
keys 2
shows 'Images'
keys P
sees 'Pull an image' 'P asks for a name'
keys "$registry/shop"
sees "berth pull $registry/shop" 'and tells the command'
keys Enter
shows '> [ Pull ]'
keys Enter
sees "Log in to $registry" 'the registry wants a login'
sees 'waiting for you' 'the pull waits for it'
keys user
keys Tab
keys wrong
keys Enter
shows '> [ Log in ]'
keys Enter
sees 'registry at /v2/: user or passw' 'a wrong password is told'
keys s3cret
keys Enter
shows '> [ Log in ]'
keys Enter
sees 'shop is here' 'with the right one the pull goes on'
screen_lacks s3cret
ok $? 'which is never seen'
keys 2
sees 'shop:latest' 'the image is in the list'
keys Enter
sees '> Layers' 'Enter shows its layers'
is "$(screen | grep -cE '^[> ]  [123] ')" 3 'all of them'
keys e
sees '$ berth login -u user' 'messages tell the commands'
keys q
shows 'No containers yet'
keys q
sees 'ended 0' 'the end'
is "$(stat -c %a "$T/state/berth/messages.log")" 600 'messages are on the disk, for their user alone'
grep -q "same-as berth pull $registry/shop" "$T/state/berth/messages.log"
ok $? 'with the commands'
! grep -rq s3cret "$T/state" "$T/store" "$T/run"
ok $? 'and without the password'
done_testing
