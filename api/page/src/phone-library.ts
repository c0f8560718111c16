/*! libphonenumber-js; its licenses are in /signup/assets/licenses.txt */

// The part of libphonenumber that the page uses, in a file of its own: it is loaded when somebody enters a number.
export { AsYouType, getCountryCallingCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/min";
export type { CountryCode, PhoneNumber } from "libphonenumber-js/min";
export { default as metadata } from "libphonenumber-js/min/metadata";
