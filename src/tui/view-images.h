/* SPDX-License-Identifier: Apache-2.0 */
/* view-images.h - what the lists of images and of layers share. */
#ifndef BERTH_TUI_VIEW_IMAGES_H
#define BERTH_TUI_VIEW_IMAGES_H

#include "tui/app.h"

bool img_has_layer(const struct img *i, const char *digest);

#endif
