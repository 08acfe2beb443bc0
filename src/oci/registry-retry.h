/* SPDX-License-Identifier: Apache-2.0 */
/* registry-retry.h - when to try again, and what an answer that is an error says. No I/O. */
#ifndef BERTH_OCI_REGISTRY_RETRY_H
#define BERTH_OCI_REGISTRY_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OCI_RETRY_AFTER_MAX_MS 300000 /* a server that wants more is not waited for */

/* The pause before try n (1, 2, …): 0.5 s doubled each time up to 20 s, of which half is random. */
uint64_t oci_retry_pause_ms(unsigned n, uint32_t random);
/* A Retry-After field: seconds or an HTTP date; now is seconds since 1970. -1 for what is neither. */
int64_t oci_retry_after_ms(const char *field, int64_t now);
/* true for 408, 425, 429, 500, 502, 503, 504. */
bool oci_retry_status(long status);

/* "bytes 100-199/200" (the last may be '*'). -EINVAL. */
int oci_content_range(const char *field, uint64_t *ret_first, uint64_t *ret_last, uint64_t *ret_total);

/* The Range field of an upload, "0-1233" (or "bytes=0-1233"): how many bytes the server has. "0-0" is none, as that is
 * what servers say then. -EINVAL. */
int oci_upload_range(const char *field, uint64_t *ret_have);

/* The first error of a registry's JSON {"errors":[{"code","message"}]} as "CODE: message", else "". */
void oci_reg_error_text(const char *body, size_t len, char *ret, size_t size);

/* The target of rel="next" in a Link field, as a path of the same server; NULL if there is none or it leads
 * elsewhere. The caller frees. */
char *oci_link_next(const char *field);

#endif
