/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - lists all containers: cc list.c $(pkg-config --cflags --libs libberth) */
#include <stdio.h>
#include <stdlib.h>

#include <berth/berth.h>

static void on_list(void *arg, int rc, const struct berth_error *e, const struct berth_container *list, size_t n)
{
	int *status = arg;

	if (rc < 0) {
		fprintf(stderr, "cannot list containers: %s\n", e->text);
		*status = 1;
		return;
	}
	for (size_t i = 0; i < n; i++)
		printf("%.12s  %-20s  %-8s  %s\n", list[i].id, list[i].name, berth_state_word(list[i].state), list[i].image);
}

int main(void)
{
	struct berth_error e;
	struct berth *berth;
	uv_loop_t loop = { .data = NULL }; /* the engine keeps something there */
	int status = 0;
	/* NULL would be the usual store; the command's variables are for the command line alone. */
	struct berth_options options = { .root = getenv("BERTH_ROOT"), .run_root = getenv("BERTH_RUN_ROOT") };

	uv_loop_init(&loop);
	if (berth_open(&berth, &loop, &options, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	if (berth_container_list(berth, on_list, &status, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		status = 1;
	}
	uv_run(&loop, UV_RUN_DEFAULT); /* returns when nothing is under way */
	berth_close(berth, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop) < 0) /* berth_close left nothing on it */
		status = 1;
	return status;
}
