/* SPDX-License-Identifier: Apache-2.0 */
/* instruction.h - lines of a Containerfile that change an image's configuration, as docker's commit -c takes
 * them: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. No I/O.
 */
#ifndef BERTH_OCI_INSTRUCTION_H
#define BERTH_OCI_INSTRUCTION_H

#include "base/err.h"
#include "base/json.h"

/* Applies a line to config, the "config" object of an image's configuration. -EINVAL with words. */
int oci_instruction_apply(cJSON *config, const char *line, struct err *e);

#endif
