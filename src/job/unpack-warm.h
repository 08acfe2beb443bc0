/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-warm.h - libraries that open files of their own at first use do so before the confinement. */
#ifndef BERTH_JOB_UNPACK_WARM_H
#define BERTH_JOB_UNPACK_WARM_H

/* libarchive's conversion of names. */
void unpack_warm(void);

#endif
