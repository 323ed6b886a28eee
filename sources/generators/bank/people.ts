import { base, en, Faker } from '@faker-js/faker';

export interface NewCustomer {
  firstName: string;
  lastName: string;
  email: string;
  phone: string;
  /** `YYYY-MM-DD`. */
  dateOfBirth: string;
  address: string;
}

/** A source of chance that gives the same rows for the same seed. */
export function seededFaker(seed: number): Faker {
  return new Faker({ locale: [en, base], seed });
}

/** The number makes the e-mail address unique, also among rounds with the same seed. */
export function newCustomer(faker: Faker, number: number, today: number): NewCustomer {
  const firstName = faker.person.firstName();
  const lastName = faker.person.lastName();
  const name = `${firstName}.${lastName}`.toLowerCase().replaceAll(/[^a-z.]/g, '');
  return {
    firstName,
    lastName,
    email: `${name}.${number}@example.com`,
    phone: newPhone(faker),
    dateOfBirth: newDateOfBirth(faker, today),
    address: newAddress(faker),
  };
}

export function newAddress(faker: Faker): string {
  const { location } = faker;
  return `${location.streetAddress()}, ${location.city()}, ${location.state({ abbreviated: true })} ${location.zipCode('#####')}`;
}

export function newPhone(faker: Faker): string {
  return `+1${faker.string.numeric({ length: 10, allowLeadingZeros: false })}`;
}

/** Between 18 and 90 years old. */
function newDateOfBirth(faker: Faker, today: number): string {
  const days = faker.number.int({ min: 18 * 366, max: 90 * 365 });
  return new Date(today - days * 86_400_000).toISOString().slice(0, 10);
}

/** Cents between two amounts, as text with two decimals: money never becomes a floating point number. */
export function newAmount(faker: Faker, min: number, max: number): string {
  return centsText(faker.number.int({ min: min * 100, max: max * 100 }));
}

export function centsText(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
