/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, indexes and configs: what is taken keeps to the limits, and no document is two things. */
#include <assert.h>
#include <string.h>

#include "base/auto.h"
#include "oci/config.h"
#include "oci/manifest.h"
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void build_spec(const struct oci_config *c)
{
	struct oci_spec_opts o = { .config = c, .id = "0123456789abcdef", .root_path = "/r" };
	cJSON *spec = NULL;

	if (oci_spec_build(&o, &spec, NULL) == 0)
		assert(json_arr(json_obj(spec, "process"), "args"));
	cJSON_Delete(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct oci_manifest m AUTO(oci_manifest_finish) = { 0 };
	struct oci_index x AUTO(oci_index_finish) = { 0 };
	struct oci_config c AUTO(oci_config_finish) = { 0 };
	const char *text = (const char *)p;
	const struct oci_desc *d;
	struct oci_platform host;
	struct err e;
	enum oci_kind kind;
	bool is_manifest = oci_manifest_parse(text, n, &m, &e) == 0, is_index = oci_index_parse(text, n, &x, &e) == 0;

	assert(!(is_manifest && is_index));
	oci_doc_kind(text, n, OCI_MT_INDEX, &kind, &e);
	oci_platform_host(&host);
	if (is_manifest) {
		assert(m.nlayers <= OCI_LAYERS_MAX);
		oci_manifest_check_image(&m, &e);
	}
	if (is_index && oci_index_choose(&x, &host, &d, &e) == 0)
		assert(d >= x.entries && d < x.entries + x.nentries);
	if (oci_config_parse(text, n, &c, &e) == 0) {
		assert(c.ndiff_ids <= OCI_LAYERS_MAX);
		build_spec(&c);
	}
	return 0;
}
