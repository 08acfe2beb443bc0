/* SPDX-License-Identifier: Apache-2.0 */
/* t-status.c - codes, words, time limits; frames of messages and what is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "rpc/msg.h"
#include "rpc/status.h"
#include "rpc/method.h"
#include "sandbox.pb-c.h"
#include "tests/rpc/echo.pb-c.h"

static void codes(void **state)
{
	(void)state;
	for (int c = 0; c < RPC_NCODES; c++) {
		assert_int_equal(rpc_code_of_errno(rpc_code_errno((enum rpc_code)c)), c);
		assert_int_equal(rpc_code_of_errno(-rpc_code_errno((enum rpc_code)c)), c);
		for (int d = 0; d < c; d++)
			assert_string_not_equal(rpc_code_name((enum rpc_code)c),
						rpc_code_name((enum rpc_code)d));
	}
	assert_int_equal(rpc_code_of_errno(-ESRCH), RPC_NOT_FOUND);
	assert_int_equal(rpc_code_of_errno(-12345), RPC_UNKNOWN);
	assert_string_equal(rpc_code_name((enum rpc_code)99), "UNKNOWN");
	assert_int_equal(rpc_code_of_http(404), RPC_UNIMPLEMENTED);
	assert_int_equal(rpc_code_of_h2(7), RPC_UNAVAILABLE);
}

static void parse_code(void **state)
{
	static const struct {
		const char *text;
		int rc;
		enum rpc_code code;
	} rows[] = {
		{ "0", 0, RPC_OK },
		{ "16", 0, RPC_UNAUTHENTICATED },
		{ "17", 0, RPC_UNKNOWN },
		{ "05", 0, RPC_NOT_FOUND },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "4294967296", -EINVAL, 0 },
		{ "999999999", 0, RPC_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum rpc_code code = RPC_OK;

		assert_int_equal(rpc_code_parse(rows[i].text, strlen(rows[i].text), &code), rows[i].rc);
		assert_int_equal(code, rows[i].code);
	}
}

static void words(void **state)
{
	static const struct {
		const char *text, *sent;
	} rows[] = {
		{ "", "" },
		{ "plain words", "plain words" },
		{ "100% of 'x'", "100%25 of 'x'" },
		{ "zwei\nZeilen", "zwei%0AZeilen" },
		{ "ö", "%C3%B6" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf sent = { 0 }, back = { 0 };

		assert_int_equal(rpc_message_encode(&sent, rows[i].text), 0);
		assert_string_equal(sent.p ? (char *)sent.p : "", rows[i].sent);
		assert_int_equal(rpc_message_decode(&back, rows[i].sent, strlen(rows[i].sent)), 0);
		assert_string_equal(back.p ? (char *)back.p : "", rows[i].text);
	}
}

static void broken_words(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	assert_int_equal(rpc_message_decode(&b, "%zz %4 %4", 9), 0);
	assert_string_equal((char *)b.p, "%zz %4 %4");
}

static void timeouts(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t ms;
	} rows[] = {
		{ "1m", 0, 1 },         { "0m", 0, 0 },
		{ "10S", 0, 10000 },    { "2M", 0, 120000 },
		{ "1H", 0, 3600000 },   { "1n", 0, 1 },
		{ "1500u", 0, 2 },      { "99999999H", 0, 99999999ll * 3600000 },
		{ "1", -EINVAL, 0 },    { "m", -EINVAL, 0 },
		{ "", -EINVAL, 0 },     { "1x", -EINVAL, 0 },
		{ "-1m", -EINVAL, 0 },  { "999999999m", -EINVAL, 0 },
		{ "1.5S", -EINVAL, 0 },
	};
	static const int64_t some[] = { 0, 1, 999, 60000, 99999999, 100000000, 123456789012, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t ms = 0;

		assert_int_equal(rpc_timeout_parse(rows[i].text, strlen(rows[i].text), &ms), rows[i].rc);
		assert_int_equal(ms, rows[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		char text[RPC_TIMEOUT_MAX];
		int64_t ms;

		rpc_timeout_format(some[i], text);
		assert_true(strlen(text) <= 9);
		assert_int_equal(rpc_timeout_parse(text, strlen(text), &ms), 0);
		if (some[i] <= 99999999)
			assert_int_equal(ms, some[i]);
		else
			assert_true(ms >= MIN(some[i], 99999999ll * 3600000));
	}
}

static void frames(void **state)
{
	static const uint8_t two[] = { 0, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 0 };
	static const uint8_t packed[] = { 1, 0, 0, 0, 0 }, rubbish[] = { 7 }, big[] = { 0, 0, 0x40, 0, 1 };
	struct rpc_msg m = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t n = 0; n < 7; n++)
		assert_int_equal(rpc_msg_next(two, n, 100, &m, &e), 0);
	assert_int_equal(rpc_msg_next(two, sizeof(two), 100, &m, &e), 7);
	assert_int_equal(m.len, 2);
	assert_memory_equal(m.body, "hi", 2);
	assert_int_equal(rpc_msg_next(two + 7, 5, 100, &m, &e), 5);
	assert_int_equal(m.len, 0);
	assert_int_equal(rpc_msg_next(two, sizeof(two), 1, &m, &e), -EMSGSIZE);
	assert_int_equal(rpc_msg_next(packed, 1, 100, &m, &e), -EPROTO);
	assert_string_equal(e.text, "compressed messages are not supported");
	assert_int_equal(rpc_msg_next(rubbish, 1, 100, &m, &e), -EPROTO);
	assert_int_equal(rpc_msg_next(big, 5, RPC_MSG_MAX, &m, &e), -EMSGSIZE);
}

static void pack_and_unpack(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	Echo__Request r = ECHO__REQUEST__INIT;
	ProtobufCMessage *back = NULL;
	struct rpc_msg m;
	struct err e = { 0 };

	(void)state;
	r.text = (char *)"hi";
	r.count = 300;
	assert_int_equal(rpc_msg_pack(&b, &r.base, &e), 0);
	assert_int_equal(rpc_msg_next(b.p, b.len, RPC_MSG_MAX, &m, &e), b.len);
	assert_int_equal(rpc_msg_unpack(r.base.descriptor, &m, &back, &e), 0);
	assert_string_equal(((Echo__Request *)back)->text, "hi");
	assert_int_equal(((Echo__Request *)back)->count, 300);
	rpc_msg_free(back);
	back = NULL;
	m.len--;
	assert_int_equal(rpc_msg_unpack(r.base.descriptor, &m, &back, &e), -EBADMSG);
	assert_string_equal(e.text, "not a Request");
	assert_null(back);
}

/* Two bytes for each entry of a list, which take fifty in memory. */
static void unpack_bomb(void **state)
{
	AUTO_FREE uint8_t *p = malloc(RPC_MSG_MAX);
	ProtobufCMessage *msg = NULL;
	struct rpc_msg m = { p, RPC_MSG_MAX };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < RPC_MSG_MAX; i += 2)
		p[i] = 0x12, p[i + 1] = 0;
	assert_int_equal(rpc_msg_unpack(&sandbox__configure_hosts_request__descriptor, &m, &msg, &e),
			 -ENOMEM);
	assert_null(msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes),           cmocka_unit_test(parse_code),  cmocka_unit_test(words),
		cmocka_unit_test(broken_words),    cmocka_unit_test(timeouts),    cmocka_unit_test(frames),
		cmocka_unit_test(pack_and_unpack), cmocka_unit_test(unpack_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
