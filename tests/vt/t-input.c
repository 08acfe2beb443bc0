/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, mouse and paste in the modes of the guest. */
#include "vt/vt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

static const struct {
	const char *modes;
	uint32_t key;
	unsigned mods;
	const char *bytes;
} keys[] = {
	{ "", 'a', 0, "a" },
	{ "", 'A', VT_SHIFT, "A" },
	{ "", 0xe9, 0, "\xc3\xa9" },
	{ "", 'a', VT_ALT, "\033a" },
	{ "", 'a', VT_CTRL, "\001" },
	{ "", '[', VT_CTRL, "\033" },
	{ "", '5', VT_CTRL, "\035" },
	{ "", '/', VT_CTRL, "\037" },
	{ "", 'a', VT_CTRL | VT_ALT, "\033\001" },
	{ "", ';', VT_CTRL, ";" },
	{ "\033[>4;1m", ';', VT_CTRL, "\033[27;5;59~" },
	{ "\033[>4;1m", 'a', VT_CTRL, "\001" },
	{ "\033[>4;2m", 'a', VT_CTRL, "\033[27;5;97~" },
	{ "\033[>4;2m", 'A', VT_SHIFT, "A" },
	{ "\033[>4;2m\033[>4m", 'a', VT_CTRL, "\001" },
	{ "\033[>1u", 'a', VT_CTRL, "\033[97;5u" },
	{ "\033[>1u", 'A', VT_ALT | VT_SHIFT, "\033[97;4u" },
	{ "\033[>1u", VT_KEY_ESCAPE, 0, "\033[27u" },
	{ "\033[>1u", VT_KEY_ENTER, 0, "\r" },
	{ "\033[>1u", VT_KEY_ENTER, VT_SHIFT, "\033[13;2u" },
	{ "\033[>1u\033[<u", 'a', VT_CTRL, "\001" },
	{ "", VT_KEY_UP, 0, "\033[A" },
	{ "\033[?1h", VT_KEY_UP, 0, "\033OA" },
	{ "\033[?1h", VT_KEY_LEFT, VT_CTRL, "\033[1;5D" },
	{ "", VT_KEY_HOME, 0, "\033[H" },
	{ "\033[?1h", VT_KEY_END, 0, "\033OF" },
	{ "", VT_KEY_INSERT, 0, "\033[2~" },
	{ "", VT_KEY_PAGE_DOWN, VT_SHIFT, "\033[6;2~" },
	{ "", VT_KEY_ENTER, 0, "\r" },
	{ "\033[20h", VT_KEY_ENTER, 0, "\r\n" },
	{ "", VT_KEY_TAB, VT_SHIFT, "\033[Z" },
	{ "", VT_KEY_BACKSPACE, 0, "\177" },
	{ "\033[?67h", VT_KEY_BACKSPACE, 0, "\b" },
	{ "", VT_KEY_BACKSPACE, VT_CTRL, "\b" },
	{ "", VT_KEY_ESCAPE, 0, "\033" },
	{ "", VT_KEY_F1, 0, "\033OP" },
	{ "", VT_KEY_F1 + 3, VT_SHIFT, "\033[1;2S" },
	{ "", VT_KEY_F1 + 4, 0, "\033[15~" },
	{ "", VT_KEY_F1 + 11, VT_CTRL, "\033[24;5~" },
	{ "", VT_KEY_F20, 0, "\033[34~" },
	{ "", VT_KEY_KP_0 + 7, 0, "7" },
	{ "\033=", VT_KEY_KP_0 + 7, 0, "\033Ow" },
	{ "\033=", VT_KEY_KP_ENTER, 0, "\033OM" },
	{ "\033[?66h", VT_KEY_KP_EQUAL, 0, "\033OX" },
	{ "\033=\033>", VT_KEY_KP_ENTER, 0, "\r" },
	{ "", VT_KEY_KP_EQUAL + 1, 0, "" },
	{ "", 0xd800, 0, "" },
};

static struct vt *with(const char *modes)
{
	struct vt *vt = vt_new(24, 80, NULL, NULL, NULL);

	vt_feed(vt, modes, strlen(modes));
	return vt;
}

static void check(const uint8_t *got, int n, const char *want, const char *what)
{
	if ((size_t)n != strlen(want) || memcmp(got, want, n))
		fail_msg("%s: %d bytes '%.*s', not '%s'", what, n, n, (const char *)got, want);
}

static void test_keys(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct vt *vt = with(keys[i].modes);
		uint8_t got[VT_KEY_BYTES];
		char what[64];

		snprintf(what, sizeof(what), "row %zu, key %x", i, keys[i].key);
		check(got, vt_encode_key(vt, keys[i].key, keys[i].mods, got), keys[i].bytes, what);
		vt_free(vt);
	}
}

static const struct {
	const char *modes;
	struct vt_mouse m;
	const char *bytes;
} mice[] = {
	{ "", { VT_MOUSE_PRESS, 1, 0, 0, 0 }, "" },
	{ "\033[?9h", { VT_MOUSE_PRESS, 1, VT_CTRL, 0, 0 }, "\033[M !!" },
	{ "\033[?9h", { VT_MOUSE_RELEASE, 1, 0, 0, 0 }, "" },
	{ "\033[?1000h", { VT_MOUSE_PRESS, 1, 0, 1, 2 }, "\033[M #\"" },
	{ "\033[?1000h", { VT_MOUSE_RELEASE, 1, 0, 1, 2 }, "\033[M##\"" },
	{ "\033[?1000h", { VT_MOUSE_MOVE, 1, 0, 1, 2 }, "" },
	{ "\033[?1000h", { VT_MOUSE_PRESS, 1, 0, 1, 300 }, "" },
	{ "\033[?1000;1006h", { VT_MOUSE_PRESS, 3, VT_CTRL | VT_SHIFT, 1, 300 }, "\033[<22;301;2M" },
	{ "\033[?1000;1006h", { VT_MOUSE_RELEASE, 3, 0, 1, 2 }, "\033[<2;3;2m" },
	{ "\033[?1000;1006h", { VT_MOUSE_PRESS, 4, 0, 0, 0 }, "\033[<64;1;1M" },
	{ "\033[?1000;1006h", { VT_MOUSE_RELEASE, 4, 0, 0, 0 }, "" },
	{ "\033[?1000;1015h", { VT_MOUSE_PRESS, 2, 0, 0, 0 }, "\033[33;1;1M" },
	{ "\033[?1000;1005h", { VT_MOUSE_PRESS, 1, 0, 0, 299 }, "\033[M \xc5\x8c!" },
	{ "\033[?1002;1006h", { VT_MOUSE_MOVE, 1, 0, 4, 4 }, "\033[<32;5;5M" },
	{ "\033[?1002;1006h", { VT_MOUSE_MOVE, 0, 0, 4, 4 }, "" },
	{ "\033[?1003;1006h", { VT_MOUSE_MOVE, 0, 0, 4, 4 }, "\033[<35;5;5M" },
	{ "\033[?1003h\033[?1003l", { VT_MOUSE_PRESS, 1, 0, 4, 4 }, "" },
	{ "\033[?1049;1007h", { VT_MOUSE_PRESS, 4, 0, 4, 4 }, "\033[A\033[A\033[A" },
	{ "\033[?1007h", { VT_MOUSE_PRESS, 4, 0, 4, 4 }, "" },
};

static void test_mouse(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(mice); i++) {
		struct vt *vt = with(mice[i].modes);
		uint8_t got[VT_KEY_BYTES];
		char what[64];

		snprintf(what, sizeof(what), "row %zu", i);
		check(got, vt_encode_mouse(vt, &mice[i].m, got), mice[i].bytes, what);
		vt_free(vt);
	}
}

static void test_focus(void **state)
{
	struct vt *off = with(""), *on = with("\033[?1004h");
	uint8_t got[VT_KEY_BYTES];

	assert_int_equal(vt_encode_focus(off, true, got), 0);
	check(got, vt_encode_focus(on, true, got), "\033[I", "in");
	check(got, vt_encode_focus(on, false, got), "\033[O", "out");
	vt_free(off);
	vt_free(on);
}

static const struct {
	const char *modes, *text, *bytes;
} pastes[] = {
	{ "", "ls\n", "ls\r" },
	{ "", "a\r\nb\rc\n", "a\rb\rc\r" },
	{ "", "a\tb\001\033[31mc\177", "a\tb[31mc" },
	{ "\033[?2004h", "a\nb", "\033[200~a\nb\033[201~" },
	{ "\033[?2004h", "a\033[201~b", "\033[200~ab\033[201~" },
	{ "\033[?2004h", "a\033[20\033[201~1~b", "\033[200~a[201~b\033[201~" },
	{ "\033[?2004h", "a\xc2\x9b" "201~b\xc2\x85" "c", "\033[200~abc\033[201~" },
	{ "\033[?2004h", "\xc3\xa9\xc2\xa3", "\033[200~\xc3\xa9\xc2\xa3\033[201~" },
};

static void test_paste(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(pastes); i++) {
		struct vt *vt = with(pastes[i].modes);
		AUTO_BUF struct buf got = { 0 };

		assert_int_equal(vt_encode_paste(vt, pastes[i].text, strlen(pastes[i].text), &got), 0);
		check(got.p, got.len, pastes[i].bytes, pastes[i].text);
		vt_free(vt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_focus),
		cmocka_unit_test(test_paste),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
