/* SPDX-License-Identifier: Apache-2.0 */
/* The reserve: whole, and enough for libuv and cJSON, while malloc gives nothing at all. */
#include "base/reserve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/work.h"

/* In place of the C library's, which sanitizers have in their own hands. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static bool none_left;

/* For the libraries too. */
#pragma GCC visibility push(default)

void *malloc(size_t n)
{
	return none_left ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return none_left ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return none_left ? NULL : __libc_realloc(p, n);
}

#pragma GCC visibility pop

#define BLOCKS 64

struct held {
	unsigned char *p;
	size_t len;
	unsigned char fill;
};

static void check(const struct held *h)
{
	for (size_t i = 0; i < h->len; i++)
		assert_int_equal(h->p[i], h->fill);
}

static void let_go(struct held *h)
{
	check(h);
	reserve_free(h->p);
	*h = (struct held){ 0 };
}

static void fill(struct held *h, void *p, size_t len, unsigned char c)
{
	*h = (struct held){ p, len, c };
	assert_true(reserve_holds(p));
	assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
	memset(p, c, len);
}

static void random_use_keeps_every_byte(void **state)
{
	struct held v[BLOCKS] = { 0 };
	unsigned seed = 20;
	size_t given = 0;
	void *p;

	(void)state;
	none_left = true;
	for (int i = 0; i < 20000; i++) {
		struct held *h = &v[rand_r(&seed) % BLOCKS];
		size_t len = rand_r(&seed) % 6000;

		if (!h->p) {
			if ((p = reserve_malloc(len))) {
				fill(h, p, len, i);
				given++;
			}
		} else if (rand_r(&seed) % 2) {
			let_go(h);
		} else if ((p = reserve_realloc(h->p, len))) {
			h->p = p;
			h->len = len < h->len ? len : h->len;
			check(h);
			fill(h, p, len, i);
		} else {
			check(h);
		}
	}
	for (int i = 0; i < BLOCKS; i++)
		if (v[i].p)
			let_go(&v[i]);
	assert_true(given > 1000);
	/* All of it is one block again. */
	p = reserve_malloc(RESERVE_BYTES - 4096);
	assert_non_null(p);
	assert_null(reserve_malloc(8192));
	reserve_free(p);
	none_left = false;
}

static void zeroed_and_bounded(void **state)
{
	char *p;

	(void)state;
	none_left = true;
	p = memset(reserve_malloc(1000), 'x', 1000);
	reserve_free(p);
	p = reserve_calloc(10, 100);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	reserve_free(p);
	assert_null(reserve_calloc(SIZE_MAX / 2, 3));
	assert_null(reserve_malloc(RESERVE_BYTES));
	assert_null(reserve_malloc(SIZE_MAX));
	none_left = false;
	p = reserve_malloc(10);
	assert_false(reserve_holds(p));
	p = memcpy(p, "012345678", 10);
	none_left = true;
	p = reserve_realloc(p, 5000);
	none_left = false;
	assert_string_equal(p, "012345678");
	assert_true(reserve_holds(p));
	reserve_free(p);
}

static int in_pool(struct work *w, struct err *e)
{
	(void)w;
	(void)e;
	return 7;
}

static void on_done(struct work *w, int rc, const struct err *e)
{
	(void)w;
	(void)e;
	assert_int_equal(rc, 7);
}

static void libuv_and_cjson_go_on(void **state)
{
	uv_loop_t loop;
	uv_poll_t poll;
	struct work w;
	int fds[2];
	char *text;
	cJSON *j;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	none_left = true;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_poll_init(&loop, &poll, fds[0]), 0);
	assert_int_equal(uv_poll_start(&poll, UV_READABLE, (uv_poll_cb)abort), 0);
	/* No thread can be started: said, where libuv by itself would abort. */
	assert_int_equal(work_start(&w, &loop, in_pool, on_done), UV_ENOMEM);

	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "name", "whole");
	assert_null(json_print(j)); /* its text is ours to give, and there is no memory for that */
	none_left = false;
	text = json_print(j);
	assert_string_equal(text, "{\"name\":\"whole\"}");
	free(text);
	cJSON_Delete(j);

	assert_int_equal(work_start(&w, &loop, in_pool, on_done), 0);
	uv_close((uv_handle_t *)&poll, NULL);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libuv_and_cjson_go_on),
		cmocka_unit_test(random_use_keeps_every_byte),
		cmocka_unit_test(zeroed_and_bounded),
	};

	reserve_for_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("1..0 # SKIP memory is in the sanitizer's hands");
	return 0;
}

#endif
