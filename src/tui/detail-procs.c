/* SPDX-License-Identifier: Apache-2.0 */
/* detail-procs.c - the processes of a container: one of them has the cursor, and can be sent a signal. */
#include <string.h>

#include "tui/detail.h"
#include "tui/fmt.h"
#include "tui/views.h"

#define SAME_NS 2000000000ll /* a start is told anew each time, from the guest's clock and its time up: never twice the same */

static bool is_same(const struct detail_proc *p, int pid, int64_t started)
{
	return p->pid == pid && p->started - started < SAME_NS && started - p->started < SAME_NS;
}

/* Which process a row is; -1: it is none. */
static long proc_of_row(const struct detail *d, size_t row)
{
	size_t line;

	if (row >= d->t.nrows || d->t.rows[row].more)
		return -1;
	line = d->t.rows[row].i;
	return d->nprocs && line >= d->procs_at && line < d->procs_at + d->nprocs ? (long)(line - d->procs_at) : -1;
}

static bool row_of_proc(const struct detail *d, size_t proc, size_t *ret)
{
	for (size_t row = 0; row < d->t.nrows; row++)
		if (proc_of_row(d, row) == (long)proc) {
			*ret = row;
			return true;
		}
	return false;
}

static void take(struct detail *d, size_t proc, bool show)
{
	size_t row;

	if (proc >= d->nprocs || !row_of_proc(d, proc, &row))
		return;
	d->pid = d->procs[proc].pid;
	d->pid_started = d->procs[proc].started;
	if (show)
		text_go(&d->t, row);
	else
		d->t.mark = row + 1;
}

const struct detail_proc *detail_focus(const struct detail *d)
{
	size_t row = d->t.mark - 1;
	long proc = d->t.mark ? proc_of_row(d, row) : -1;

	return proc >= 0 && row >= d->t.top && row < d->t.top + (size_t)MAX(1, d->t.page) ? &d->procs[proc] : NULL;
}

void detail_add_procs(struct detail *d)
{
	d->procs_at = d->t.n;
	for (size_t i = 0; i < d->nprocs; i++) {
		const struct detail_proc *p = &d->procs[i];
		char mem[FMT_MAX];

		(p->memory < 10 << 20 ? fmt_size_fine : fmt_size)(p->memory, mem);
		text_add(&d->t, ROLE_TEXT, "%18d  %-7.7s %4.1f %6s %2d:%02d  %s", p->pid, p->user, p->cpu, mem,
			 (int)(p->cpu_s / 60), (int)(p->cpu_s % 60), p->command);
	}
}

/* The same process, wherever its row is by now; if it has ended, none: no key is to fall upon its neighbour. */
void detail_find_proc(struct detail *d)
{
	if (!d->pid && !d->moved && !d->at)
		take(d, 0, false);
	for (size_t i = 0; d->pid && i < d->nprocs; i++)
		if (is_same(&d->procs[i], d->pid, d->pid_started)) {
			take(d, i, false);
			return;
		}
}

static bool step(struct detail *d, int by)
{
	const struct detail_proc *at = detail_focus(d);
	size_t head;

	if (at && (by > 0 ? at + 1 < d->procs + d->nprocs : at > d->procs)) {
		take(d, (size_t)(at - d->procs) + (size_t)by, true);
		return true;
	}
	/* The one that had the cursor has ended: the first that is seen. */
	for (size_t row = d->t.top; !at && !d->at && row < MIN(d->t.nrows, d->t.top + (size_t)MAX(1, d->t.page)); row++)
		if (proc_of_row(d, row) >= 0) {
			take(d, (size_t)proc_of_row(d, row), false);
			return true;
		}
	/* From the section's head down to its first row. */
	if (by > 0 && d->nprocs && row_of_proc(d, 0, &head) && d->t.mark == head) {
		take(d, 0, true);
		return true;
	}
	return false;
}

bool detail_act_proc(struct detail *d, enum act act, int index)
{
	const struct detail_proc *p;
	long proc;

	switch (act) {
	case ACT_DOWN:
	case ACT_UP:
		d->moved = true;
		return step(d, act == ACT_DOWN ? 1 : -1);
	case ACT_PICK:
		proc = proc_of_row(d, (size_t)MAX(index, 0));
		if (proc < 0)
			return false;
		d->moved = true;
		take(d, (size_t)proc, false);
		return true;
	case ACT_SIGNAL:
		p = detail_focus(d);
		if (!p)
			return false;
		app_push(d->t.v.app, &view_form,
			 &(struct form_arg){ .kind = FORM_SIGNAL, .id = d->id, .name = d->name, .pid = p->pid,
					     .started = p->started, .command = p->command });
		return true;
	default:
		return false;
	}
}
