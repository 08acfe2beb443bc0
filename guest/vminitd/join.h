/* SPDX-License-Identifier: Apache-2.0 */
/* join.h - two connections made one: bytes both ways, half-close included. */
#ifndef BERTH_GUEST_JOIN_H
#define BERTH_GUEST_JOIN_H

/* Takes both over, non-blocking stream sockets that nobody watches. ended(arg) comes once, when both directions are
 * over, and may come from within; not if this fails. */
int vi_join(int a, int b, void (*ended)(void *arg), void *arg);

#endif
