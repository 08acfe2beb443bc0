/* SPDX-License-Identifier: Apache-2.0 */
/* forward.h - port 1026: published ports reach the container. */
#ifndef BERTH_GUEST_FORWARD_H
#define BERTH_GUEST_FORWARD_H

#include "base/err.h"

int vi_forward_start(struct err *e);

#endif
