/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/dirhash.h"

#include <stdbool.h>
#include <sys/param.h>

#define HALF_MD4_EOF 0x7fffffffu

static uint32_t rol(uint32_t x, unsigned s)
{
	return x << s | x >> (32 - s);
}

static uint32_t f(uint32_t x, uint32_t y, uint32_t z)
{
	return z ^ (x & (y ^ z));
}

static uint32_t g(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) + ((x ^ y) & z);
}

static uint32_t h(uint32_t x, uint32_t y, uint32_t z)
{
	return x ^ y ^ z;
}

/* MD4's three rounds with 8 words in place of 16. */
static void half_md4(uint32_t state[4], const uint32_t in[8])
{
	static const struct {
		uint32_t (*fn)(uint32_t, uint32_t, uint32_t);
		uint32_t k;
		uint8_t order[8], shift[4];
	} rounds[3] = {
		{ f, 0, { 0, 1, 2, 3, 4, 5, 6, 7 }, { 3, 7, 11, 19 } },
		{ g, 0x5a827999, { 1, 3, 5, 7, 0, 2, 4, 6 }, { 3, 5, 9, 13 } },
		{ h, 0x6ed9eba1, { 3, 7, 2, 6, 1, 5, 0, 4 }, { 3, 9, 11, 15 } },
	};
	uint32_t v[4] = { state[0], state[1], state[2], state[3] };

	for (unsigned r = 0; r < 3; r++) {
		for (unsigned i = 0; i < 8; i++) {
			/* a, d, c, b take turns as the one that changes */
			unsigned a = (4 - i % 4) % 4;
			uint32_t t = rounds[r].fn(v[(a + 1) % 4], v[(a + 2) % 4], v[(a + 3) % 4]);

			v[a] = rol(v[a] + t + in[rounds[r].order[i]] + rounds[r].k, rounds[r].shift[i % 4]);
		}
	}
	for (unsigned i = 0; i < 4; i++)
		state[i] += v[i];
}

/* The next up to 32 bytes as 8 big-endian words, the rest filled with the length. */
static void fill(const uint8_t *p, size_t len, bool is_signed, uint32_t ret[8])
{
	uint32_t pad = (uint32_t)len | (uint32_t)len << 8;
	size_t n = MIN(len, 32), words = 0;
	uint32_t val;

	pad |= pad << 16;
	val = pad;
	for (size_t i = 0; i < n; i++) {
		val = (is_signed ? (uint32_t)(int8_t)p[i] : p[i]) + (val << 8);
		if (i % 4 == 3) {
			ret[words++] = val;
			val = pad;
		}
	}
	if (words < 8)
		ret[words++] = val;
	while (words < 8)
		ret[words++] = pad;
}

static uint32_t dirhash(const void *name, size_t len, const uint32_t seed[4], bool is_signed)
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	const uint8_t *p = name;
	uint32_t in[8], hash;

	if (seed[0] | seed[1] | seed[2] | seed[3])
		for (unsigned i = 0; i < 4; i++)
			state[i] = seed[i];
	for (;;) {
		fill(p, len, is_signed, in);
		half_md4(state, in);
		if (len <= 32)
			break;
		p += 32;
		len -= 32;
	}
	hash = state[1] & ~1u;
	if (hash == HALF_MD4_EOF << 1)
		hash = (HALF_MD4_EOF - 1) << 1;
	return hash;
}

uint32_t ext4_dirhash(const void *name, size_t len, const uint32_t seed[4])
{
	return dirhash(name, len, seed, false);
}

uint32_t ext4_dirhash_signed(const void *name, size_t len, const uint32_t seed[4])
{
	return dirhash(name, len, seed, true);
}
