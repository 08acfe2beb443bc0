/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - what the shim leaves in the container's folder: state.json, boots.json, screen. Failures are
 * logged: they must not end a container. */
#ifndef BERTH_SHIM_RECORD_H
#define BERTH_SHIM_RECORD_H

#include <stdbool.h>

struct sandbox;

/* last: the container is over; the file is on the disk when this returns, unless it is to be removed. */
void record_state(struct sandbox *sb, bool last);
/* The stages of the start, once the process runs. */
void record_boot(struct sandbox *sb);
/* The main console as it stood, as text, and as a snapshot to look at again. */
void record_screen(struct sandbox *sb);

/* What happened, for berth events; kv as store_event has it. */
void record_event(struct sandbox *sb, const char *action, const char *const *kv);
/* The same with one number. */
void record_event_number(struct sandbox *sb, const char *action, const char *key, int value);

#endif
