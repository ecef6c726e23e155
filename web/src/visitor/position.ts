// The phone's position. Asked for only after a tap that follows an explanation; a visitor who said yes before is not asked
// again. It stays on the phone until a check-in is made.
import { signal } from "@preact/signals";
import type { LatLon } from "./geo";

export interface Fix extends LatLon {
  accuracy_m: number;
  at: number;
}

export const here = signal<Fix | null>(null);
/** `off`: not asked yet; `looking`: allowed or being asked, no fix yet. */
export const positioning = signal<"off" | "looking" | "on" | "denied" | "unavailable">("off");

let watch: number | null = null;

/** Begins to follow the position; the browser asks the visitor if it has not yet. */
export function follow() {
  if (!("geolocation" in navigator) || !window.isSecureContext) {
    positioning.value = "unavailable";
    return;
  }
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  positioning.value = "looking";
  watch = navigator.geolocation.watchPosition(found, missed, {
    enableHighAccuracy: true,
    maximumAge: 5_000,
    timeout: 30_000,
  });
}

function found({ coords }: GeolocationPosition) {
  here.value = {
    lat: coords.latitude,
    lon: coords.longitude,
    accuracy_m: coords.accuracy,
    at: Date.now(),
  };
  positioning.value = "on";
}

function missed(error: GeolocationPositionError) {
  if (error.code === error.PERMISSION_DENIED) {
    here.value = null;
    positioning.value = "denied";
  } else if (!here.value) {
    positioning.value = "looking";
  }
}

/** A phone that has slept says where it was. */
const STALE_MS = 60_000;

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible" || !here.value || Date.now() - here.value.at < STALE_MS) return;
  here.value = null;
  follow();
});

/** Follows at once where the visitor has allowed it before. */
export async function followIfAllowed() {
  const state = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (state?.state === "granted") follow();
}
