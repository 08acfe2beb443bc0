/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - a doubly linked list whose links are members of the caller's structs. */
#ifndef BERTH_BASE_LIST_H
#define BERTH_BASE_LIST_H

#include <stdbool.h>

#include "base/auto.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts n at the end of the list that begins at head. */
static inline void list_append(struct list *head, struct list *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

/* Takes n out and leaves it a list of its own, so that a second call does no harm. */
static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
/* Each element in turn; the body may remove the one it stands on. */
#define list_each(type, it, head, member)                                                               \
	for (type *it = list_entry((head)->next, type, member),                                         \
		  *it##_next = list_entry(it->member.next, type, member);                               \
	     &it->member != (head);                                                                     \
	     it = it##_next, it##_next = list_entry(it->member.next, type, member))

#endif
