/** So much of the ID of an image that people tell it from others. */
export const imageId = (id: string): string => id.replace('sha256:', '').slice(0, 12);
