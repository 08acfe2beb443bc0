/* SPDX-License-Identifier: Apache-2.0 */
/* pack-int.h - the descriptors that berth-pack is given. */
#ifndef BERTH_JOB_PACK_INT_H
#define BERTH_JOB_PACK_INT_H

enum { PACK_SAY = 3, PACK_OUT, PACK_BASE, PACK_UPPER };

#endif
