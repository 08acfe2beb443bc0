/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-proto.h - what the unpacker and its parent say to each other: JSON, a packet each, on a
 * SOCK_SEQPACKET pair (the worker's descriptor 3).
 *
 * parent: {"op":"begin","sources":N,"size":…,"max_size":…,"uuid":…,"label":…,"journal":…,"lost_found":…,"sync":…}
 *             descriptors: the output, then the folders of all "dir" sources
 *         {"op":"feed","source":I,"media":…,"digest":…,"diff_id":…,"size":…,"avail":…}   descriptor: the
 * input
 *         {"op":"feed","source":I,"dir":K}    the K-th of the folders
 *         {"op":"feed","source":I,"upper":PATH,"since":…,"since_ns":…,"stamp":…,"stamp_ns":…}
 *             descriptors: the two file systems of a "merged" source
 *         {"op":"avail","source":I,"avail":…,"complete":…}
 * worker: {"event":"want","source":I}
 *         {"event":"progress","layer":…,"layer_in":…,"in":…,"raw":…,"entries":…}
 *         {"event":"done","in":…,"raw":…,"entries":…,"used":…,"size":…,"landlock":…}
 *         {"event":"error","code":…,"text":"…"}
 * The end of the parent's side ends the worker. */
#ifndef BERTH_JOB_UNPACK_PROTO_H
#define BERTH_JOB_UNPACK_PROTO_H

#include <stddef.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

#define UNPACK_SOCK 3
#define UNPACK_LAYERS_ONLY "layers" /* the worker's argument: there are no folders, it confines itself at once */
#define UNPACK_PACKET_MAX 4096
#define UNPACK_FDS_MAX 65 /* the output and UNPACK_DIRS_MAX folders */

/* Sends j (deleted in any case; NULL counts as out of memory). 0 or -errno; -EAGAIN: the socket is full. */
int unpack_send(int sock, cJSON *j, const int *fds, size_t nfds);
/* Takes one packet: 1 and *ret (the caller deletes it), 0 at the end, -EAGAIN, -errno. The descriptors that
 * came with it, at most UNPACK_FDS_MAX, are the caller's. */
int unpack_recv(int sock, cJSON **ret, int fds[static UNPACK_FDS_MAX], size_t *ret_nfds);

#endif
