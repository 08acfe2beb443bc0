/* SPDX-License-Identifier: Apache-2.0 */
/* worker-memory.h - a confined worker has the memory that it asks for, or it ends with a word about it.
 *
 * Libraries that get none go on without what they could not keep: libarchive drops an attribute, libseccomp a rule, and
 * nobody is told. So malloc and its kin never fail in the programs that this is linked into. */
#ifndef BERTH_JOB_WORKER_MEMORY_H
#define BERTH_JOB_WORKER_MEMORY_H

#define WORKER_SAY 3 /* the descriptor that a worker speaks on */

/* What the program says there when it ends so. */
extern const char worker_no_memory[];

#endif
